"""The living page of a diagram: plain data in, one self-contained HTML file out."""
