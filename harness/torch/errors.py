"""What a person can put right: told in one line, without a stack."""


class InputError(Exception):
    """Something given is not acceptable: the message names it, what it is, what it must be and what to do."""


class TrainingError(Exception):
    """Training cannot go on: the message says in which step, why, and what is kept."""
