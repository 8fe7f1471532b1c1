"""The data plane: authenticate → admit → route → stream → settle. Knows neither Django nor apps."""
