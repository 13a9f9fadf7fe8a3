"""What people decide about evidence: reviews, withdrawals, notices, rulings, requirements and decisions."""
