"""Unit of privacy, privacy loss, strategy and estimation: arithmetic on public numbers and noisy answers."""
