commit and chain
