"""The strategies, one file each; see ``apportion.attribution.strategy`` for what a file holds."""
