"""Why a delivery failed: rules, the words they match, and explanations."""
