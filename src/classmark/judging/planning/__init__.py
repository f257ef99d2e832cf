"""How many rows or seeds a decision needs, before labels are bought: shares, ROC areas, pairs of models, studies."""
