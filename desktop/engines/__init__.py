"""Label maths: consensus, agreement, sampling, models. Data in, proposals out.

May import: commands, imaging, domain. Deliberately absent: Qt, the store, files.
"""
