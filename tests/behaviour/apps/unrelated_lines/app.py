"""Code in a style of its own around one blocking line; one fix must not touch the rest of the file.

Must change in as few lines as it takes.
"""
import  os,time   # two at once
from   fastapi import (FastAPI,
    Query  ,   # comments in imports
)
from journal import note
app = FastAPI( title = 'x' )


X = { 'a':1 ,
      "b" : 2, }   ;   Y=[ * X ]

def quote( ) :
    return 'it''s' "mixed" '''triple'''   # text

@app . get ( '/' , summary = "s" )

async   def root( q : int = Query( 1 ,ge=0 ) , *rest : str , **more : int ) :

    # before
    if ( q ) : note( 'q' )   # beside
    # between

    time.sleep( 0.4 )   # nap

    # after
    return {
        'q' : q , "x":X ,
        'y':Y,        'quote' : quote( ) , 'sep': os . sep == '/' or True
    }   # end


# bottom
