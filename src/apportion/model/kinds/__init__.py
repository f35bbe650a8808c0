"""The kinds of lists a model is made of, one file each: raw records in, typed records out.

A builder takes the raw records and the list of findings to add to. A record with an error is
left out; all its problems are findings by then.
"""
