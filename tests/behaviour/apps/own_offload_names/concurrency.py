def run_in_threadpool(function):
    return f"would run {function.__name__}"
