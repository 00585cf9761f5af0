"""A file with tabs, form feeds and without a newline at its end.

Must change, in its own style.
"""
import time
from fastapi import FastAPI
from journal import note

app = FastAPI()

def work(n):
	time.sleep(.2)
	return n

@app.get("/")
async def root():
	if app:
		result = [
			work( 1 ),   # odd  spacing
			work(n = 2),
		]
		note('single "quotes"', result)
	return result