"""The run folder, and the ledger of looks at test splits beside it."""

from classmark.runs.folder import RunFiles as RunFiles
from classmark.runs.folder import new_run as new_run
from classmark.runs.folder import open_run as open_run
