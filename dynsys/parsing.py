"""Stand-in parser."""
import sympy
from dynsys.errors import unknown_name
from dynsys.delays import delay
from dynsys.functions import Linoid


def parse_expression(text, symbols, tables={}, owner="expression"):
    ns = dict(symbols)
    for n in "exp log sqrt sin cos tan sinh cosh tanh asin acos atan pi".split():
        ns[n] = getattr(sympy, n)
    ns["abs"] = sympy.Abs
    ns["delay"] = delay
    ns["linoid"] = Linoid

    class T:
        def __init__(self, t):
            self.t = t

        def __getattr__(self, q):
            return lambda a, b: self.t.expression(q, a, b)

    for k, t in tables.items():
        ns[k] = T(t)
    try:
        return sympy.sympify(eval(text.replace("^", "**"), {"__builtins__": {}}, ns))
    except NameError as e:
        raise unknown_name("symbol", str(e).split("'")[1], symbols, owner)
