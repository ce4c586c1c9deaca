"""Changed files are noticed, whatever the byte; those that lie about their size are refused."""

from __future__ import annotations

import json
import random
import resource
import shutil
import zipfile

import netCDF4
import numpy as np
import pytest
import xarray as xr

import continuation
from continuation import equilibria
from dynsys import ModelError, SmoothTable, StorageError, VectorField
from dynsys.checksums import SEAL, damages, sealed
from dynsys.netcdf import _untouched, read_netcdf, write_netcdf
from dynsys.numpy_files import read_arrays
from dynsys.storage import write_atomically
from dynsys.transfer import find_transfer_function
from dynsys.transfer.fitted import load_transfer_function, save_transfer_function

FOLD = VectorField("fold", {"x": 1.0}, {"m": 1.0}, {"x": "m - x^2"}, source="Strogatz 1994")
GRID = np.linspace(0.0, 1.0, 12)


def dataset():
    rng = np.random.default_rng(1)
    data = xr.Dataset(
        {
            "x": (("point", "k"), rng.normal(size=(40, 3)), {"units": "mV"}),
            "thin": ("point", rng.normal(size=40)),
            "stable": ("point", rng.random(40) < 0.5),
            "label": ("point", [f"LP{k}" for k in range(40)]),
            "count": ("point", np.arange(40)),
            "gaps": ("point", np.where(rng.random(40) < 0.3, np.nan, 1.0)),
        },
        {"parameter": ("point", np.linspace(0, 1, 40))},
        {"dynsys": json.dumps({"format": 2}), "seed": 3, "numbers": [1.0, 2.0], "one": [4]},
    )
    data["thin"].encoding = {"dtype": "float32", "zlib": True}
    return data


def tree():
    return xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs={"a": 1}), "/c0": dataset(), "/c1": dataset()}
    )


def changed(path, places, rng):
    """A copy of the file with other bytes at some places."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] = (content[place] + rng.randrange(1, 256)) % 256
    copy = path.with_name(f"changed{path.suffix}")
    copy.write_bytes(content)
    return copy


@pytest.mark.parametrize("make", [dataset, tree])
def test_what_is_written_is_read(make, tmp_path):
    content = make()
    read = read_netcdf(write_netcdf(content, tmp_path / "a.nc"))
    again = read_netcdf(write_netcdf(read, tmp_path / "b.nc"))
    assert again.identical(read)
    given = content if isinstance(content, xr.DataTree) else xr.DataTree(content)
    for old, new in zip(given.subtree, read.subtree, strict=True):
        for name, variable in old.to_dataset().variables.items():
            written = variable.astype(variable.encoding.get("dtype", variable.dtype))
            assert written.equals(new[name].variable.astype(written.dtype)), name
            assert new[name].attrs == variable.attrs
        assert set(new.attrs) == {*old.attrs, SEAL}
    assert SEAL not in content.attrs


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["x"].values.__setitem__((3, 1), 7.0),
        lambda d: d["stable"].values.__setitem__(0, ~d["stable"].values[0]),
        lambda d: d["label"].values.__setitem__(5, "HB5"),
        lambda d: d["x"].attrs.update(units="V"),
        lambda d: d["thin"].attrs.update(note="new"),
        lambda d: d["parameter"].values.__setitem__(39, 1.0 + 1e-15),
        lambda d: d["gaps"].values.__setitem__(slice(None), 1.0),
    ],
)
def test_a_changed_variable_is_named(change, tmp_path):
    data = read_netcdf(write_netcdf(dataset(), tmp_path / "a.nc")).to_dataset()
    assert damages(xr.DataTree(data)) == []
    change(data)
    data.to_netcdf(tmp_path / "b.nc", engine="netcdf4")
    with pytest.raises(
        StorageError, match=r"b\.nc is damaged or was changed: \w+ differ.*unchanged are"
    ):
        read_netcdf(tmp_path / "b.nc")


def test_a_part_that_vanished_or_lost_its_checksums_is_noticed():
    whole = sealed(tree())
    del whole["c1"]
    assert damages(whole) == ["the list of its parts"]
    whole = sealed(tree())
    del whole["c1"].attrs[SEAL]
    assert damages(whole) == [f"c1/{SEAL}"]
    whole = sealed(tree())
    whole["c0"].attrs["seed"] = 4
    assert damages(whole) == ["c0/the header"]


def test_every_changed_byte_is_noticed(tmp_path):
    path, rng = write_netcdf(tree(), tmp_path / "a.nc"), random.Random(2)
    assert _untouched(path)
    size = path.stat().st_size
    for place in [*rng.sample(range(size), 1000), *range(size - 100, size)]:
        assert not _untouched(changed(path, [place], rng)), place


@pytest.mark.parametrize("kind", ["branch", "tree"])
def test_a_changed_file_reads_the_same_or_is_named_damaged(kind, tmp_path):
    if kind == "branch":
        path = equilibria(FOLD, "m", (-1, 2)).save(tmp_path / "a.nc")
    else:
        path = write_netcdf(tree(), tmp_path / "a.nc")
    good, rng = read_netcdf(path), random.Random(3)
    size = path.stat().st_size
    for count in (1, 1, 1, 20, 20):
        copy = changed(path, rng.sample(range(size), count), rng)
        try:
            again = read_netcdf(copy)
        except StorageError as error:
            assert "changed.nc" in str(error)
        else:
            assert again.identical(good)


def test_half_a_file_and_foreign_files_are_refused(tmp_path):
    path = write_netcdf(tree(), tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for content in (path.read_bytes(), b"", b"half a file", bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=r"a\.nc"):
            read_netcdf(path)
    with pytest.raises(StorageError, match="missing"):
        read_netcdf(tmp_path / "missing.nc")


def test_files_from_before_there_were_checksums_are_read(tmp_path):
    branch = equilibria(FOLD, "m", (-1, 2))
    data = read_netcdf(branch.save(tmp_path / "a.nc")).to_dataset()
    del data.attrs[SEAL]
    data.to_netcdf(tmp_path / "old.nc", engine="netcdf4")
    assert continuation.load(tmp_path / "old.nc").data.identical(branch.data)


def test_files_that_declare_arrays_of_any_size_are_refused_before_these_are_made(tmp_path):
    path = tmp_path / "huge.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("point", 10**13)
        file.createVariable("point", "f8", ("point",), chunksizes=(1024,))
    assert path.stat().st_size < 1e5
    with pytest.raises(StorageError, match="none of our files"):
        read_netcdf(path)
    with netCDF4.Dataset(path, "w") as file:
        for k in range(10_001):
            file.createGroup(f"g{k}")
    with pytest.raises(StorageError, match="none of our files"):
        read_netcdf(path)


@pytest.mark.parametrize("nested", ['{"format":2,"kind":' + "[" * 100_000, "[]", "3", "null", ""])
def test_strange_headers_are_refused(nested, tmp_path):
    xr.Dataset(attrs={"dynsys": nested}).to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(StorageError, match="cannot be read as a branch"):
        continuation.load(tmp_path / "a.nc")


# --- tables -----------------------------------------------------------------------------------


def test_a_changed_table_reads_the_same_or_is_refused(tmp_path):
    table = SmoothTable("f", {"a": GRID, "b": GRID}, {"q": np.outer(GRID, GRID)}, source="mine")
    path, rng = table.save(tmp_path / "t.npz"), random.Random(4)
    size = path.stat().st_size
    noticed = 0
    for trial in range(600):
        copy = changed(path, rng.sample(range(size), 1 if trial % 2 else 20), rng)
        try:
            again = SmoothTable.load(copy)
        except StorageError:
            noticed += 1
        else:
            assert again.digest == table.digest
            assert (again.source, again.units) == (table.source, table.units)
    assert noticed > 400


def test_arrays_that_are_not_there_are_not_made(tmp_path):
    path = tmp_path / "t.npz"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(StorageError, match="declares the shape"):
        read_arrays(path)


def test_a_changed_transfer_function_is_refused_and_one_without_checksum_is_read(tmp_path):
    function, path = find_transfer_function("RS-divolo2019"), tmp_path / "f.json"
    content, rng = save_transfer_function(function, path).read_text(), random.Random(5)
    loaded = load_transfer_function(path)
    assert loaded.coefficients == function.coefficients
    for trial in range(300):
        copy = changed(path, rng.sample(range(len(content)), 1 if trial % 2 else 20), rng)
        try:
            again = load_transfer_function(copy)
        except StorageError:
            continue
        assert again == loaded
    whole = json.loads(content)
    del whole["checksum"]
    whole["coefficients_mV"][0] = -51.0
    path.write_text(json.dumps(whole))
    assert load_transfer_function(path).coefficients[0] == -51.0


def test_hostile_numbers_of_delay_nodes_are_refused():
    for order in (10**9, 1e300, -1, 0, "6"):
        with pytest.raises(ModelError, match="delay_order"):
            FOLD.with_delay_order(order)


def test_a_disk_that_becomes_full_while_a_file_is_written_is_said(tmp_path):
    data = xr.Dataset({"x": ("t", np.random.default_rng(1).random(100_000))})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # bytes of any file: as good as full
    try:
        with pytest.raises(StorageError, match="cannot write"):
            write_netcdf(data, tmp_path / "large.nc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_called_so_whatever_the_library_that_writes_says(tmp_path, monkeypatch):
    def write(draft):
        raise PermissionError(13, "Permission denied", str(draft))  # HDF5, of a disk without room

    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room._replace(free=0))
    with pytest.raises(StorageError, match=r"cannot write .*run\.nc: .*No space left on device"):
        write_atomically(tmp_path / "run.nc", write)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    with pytest.raises(StorageError, match="Permission denied"):
        write_atomically(tmp_path / "run.nc", write)
    assert not list(tmp_path.iterdir())
