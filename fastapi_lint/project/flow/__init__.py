"""What runs, in which way, under which conditions, and with what effect?"""
