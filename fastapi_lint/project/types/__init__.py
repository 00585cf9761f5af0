"""What may an expression stand for?"""
