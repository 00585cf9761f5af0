"""Where does code run and how often: for requests, at start-up, once?"""
