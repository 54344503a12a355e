"""What a student is asked: exercises and their checks, predictions, quizzes."""
