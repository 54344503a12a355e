"""What is probably wrong with the policies, and the smallest change that would repair it."""
