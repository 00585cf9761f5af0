"""What is made for each request and what once, who closes it, and who shares it?"""
