"""What each company owes us for a closed month (domain 12), and whether the providers charge us for what we counted."""
