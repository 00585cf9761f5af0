"""Mixed line ends, odd indentation, trailing blanks, a backslash and a comment at the end without newline.

Must change, and leave all that it need not touch.
"""
import time
from fastapi import FastAPI   
from journal import note

app=FastAPI( )


@app.get( "/" )
async def root( n : int=1 ) :
   "three blanks"
   note("in")   ;
   time . sleep (
      0.4   # a while
   )
   x = n if \
      n else 0
   return { 'x' : x }
# the end