"""Labels as people have them, and the annotations that become of them.

A module for each program says in its docstring what its files are like and where that is from. All
of them give `Row`s: a video's name, start and end in seconds, the label, and what said it (a tier,
a behaviour, …). `take` chooses among the latter, and `annotated` joins rows with the video files.
"""
