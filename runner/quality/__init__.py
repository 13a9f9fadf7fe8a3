"""The edge of quality: outputs of a real backend for every held-out sample; what they are worth is the contract's to say."""
