"""What do requests share, who changes it, and under which lock?"""
