async def {{ name }}():
    time.sleep(1)
