"""The report on suppression for the statistician: what was withheld, why, and what each rule costs. Confidential."""
