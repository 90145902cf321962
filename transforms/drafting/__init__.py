"""A first look into an unknown file, and a layout drafted from it.

text_files guesses how a text file is written, meanings what single texts may say, find_tables where tables stand,
draft writes the layout, check reads a file with a layout and gathers every fault. Nothing here opens a file.
"""
