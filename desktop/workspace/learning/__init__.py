"""Learning from readers in rounds, teacher and student, training and test parts."""
