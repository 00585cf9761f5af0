"""Source texts that try the lowering: any valid syntax, code that never runs, code that does."""

from __future__ import annotations

VALID: dict[str, str] = {
    "match": """
        match command:
            case 0 | 1.5 | -2j | "text" | b"bytes" | None | True:
                f()
            case [first, second, *rest] | (first, second, *rest):
                f(first, rest)
            case [*_]:
                f()
            case {"key": value, Kind.NAME: other, **more}:
                f(value, other, more)
            case {}:
                f()
            case Point(0, y=[a, Point(x=b)]) as whole if (n := g(whole)) > a:
                f(n, b, y)
            case str() | int() as scalar:
                f(scalar)
            case pkg.mod.CONST:
                f()
            case _:
                f()
        """,
    "soft_keywords": """
        match = type = case = _ = 1
        match(match, case)
        type(type)
        print(match[0], type.x, case if _ else type)
        """,
    "walrus": """
        if (a := f()) and (b := g(a)) or not (c := h(b)):
            print(a, b, c)
        while chunk := read():
            use(chunk)
        print([last := x for x in range(3)], last, f(y := 1, *(z := [2])), x[i := 0])
        total = sum(v for v in values if (limit := v) < 3)
        """,
    "comprehensions_with_lambdas": """
        fs = [lambda: i for i in range(3)]
        gs = {k: (lambda v=v: (k, v, lambda: [w for w in v])) for k, v in d.items() if (lambda: k)()}
        hs = {(lambda x: [y for y in x if y])(z) for z in [[q for q in p] for p in r]}
        it = (a async for a in b if await c(a) for d in await e(a))
        flat = [x for xs in xss for x in xs for y in [x] if y if not x]
        class C:
            n = 3
            table = [n for n in range(n)]
            other = [[m for _ in range(m)] for m in range(n)]
        """,
    "global_and_nonlocal": """
        def outer():
            global counter, made_here
            counter, (made_here, *rest) = 1, [2, 3]
            n = 0
            def inner():
                nonlocal n
                n += 1
                for n in range(3):
                    pass
                with f() as n:
                    global counter
                    counter += n
                def innermost():
                    nonlocal n
                    n = [n for n in range(n)]
                    import os as n
                return innermost
            class K:
                nonlocal n
                global counter
                n = counter = 5
                def m(self):
                    return n, counter
            return inner
        """,
    "class_scope": """
        x = 1
        class A(Base[x], metaclass=Meta, flag=x):
            x = x
            y: int = f(x)
            z: "str"
            (p, q), r = (1, 2), 3
            def m(self, a=x, *, b=lambda: x):
                return x, __class__, super().m
            class B:
                w = x
                def m(self):
                    return A.x, x
            for x in range(3):
                pass
            if x:
                def cond(self): ...
            else:
                cond = None
            del x
            __slots__ = ("a",)
        """,
    "try_and_finally": """
        def f():
            try:
                return a()
            except (ValueError, TypeError) as e:
                return b(e)
            except E:
                raise X from y()
            except:
                raise
            else:
                c()
            finally:
                return d()
        def g():
            while True:
                try:
                    if a(): break
                    if b(): continue
                    return
                finally:
                    for _ in c():
                        try:
                            continue
                        finally:
                            d()
            try:
                try: raise E
                finally: e()
            except E: pass
            return f()
        """,
    "except_star": """
        try:
            f()
        except* (ValueError, TypeError) as group:
            g(group.exceptions)
        except* E:
            raise
        else:
            h()
        finally:
            i()
        """,
    "async_things": """
        async def agen(x):
            yield 1
            y = yield
            got = yield (await f(), y)
            async with a() as b, c() as (d, *e):
                async for i, (j, k) in agen(x):
                    yield i
                else:
                    await g(j, k)
            return
        async def use():
            return [await z async for z in agen(1) if await z], await (await h())(), (await i).j
        def gen():
            r = yield from gen()
            return (yield), r
        await_ = lambda: (yield)
        """,
    "decorators": """
        @a
        @b.c(d, *e, f=g)
        @h[0](lambda: i)
        @(j := k)
        @(l if m else n)
        def func(x: o(1) = p(2), /, y=3, *args: *q, z: "r" = s, **kw: t) -> u[v]: ...
        @dataclass(frozen=True)
        class K(Generic[T], metaclass=m()): pass
        @overload
        def func(x: int): ...
        """,
    "generics": """
        type Alias[T: (int, str) = int, *Ts = *tuple[int, ...], **P = [int]] = dict[T, tuple[*Ts]]
        type Recursive = list[Recursive]
        def f[T: Hashable, *Ts, **P](x: T, *args: P.args, **kw: P.kwargs) -> Callable[P, T]:
            type Local = T
            return x
        class C[T: "C"](Base[T], x=T):
            def m[U](self, u: U) -> T | U: ...
            type Inner[V] = dict[T, V]
        """,
    "nested_f_strings": """
        a = f"{f"{f'{1 + 1}'}"}" f'{x!r:>{width}.{precision}}' "plain" rf"\\d{y=}"
        b = f"{', '.join([f"{k}={v!s}" for k, v in {'a': 1}.items()])}"
        c = f'''{
            (lambda z: z * 2)(3)  # a comment
        }{{literal}}{await_ if (w := 1) else {**d}['k']}'''
        """,
    "stars": """
        first, *middle, (last, *_) = *a, *b, (c, d)
        [*x], *y = z
        print(*a, *[b], **c, **{"k": d}, sep="")
        e = [*a, *b], {*a, *b}, {**c, "k": 1, **d}, (*a,)
        def f(*args, **kwargs): return args[0], *args, {**kwargs}
        for i, *j in *a, b: pass
        g[*a, 1:2, ...] = h[*b]
        """,
    "del": """
        def f(a, b):
            del a
            del (b), [c, (d.e, g[h(0)])], i[1:2].j
            del ()
            try: a = 1
            finally: del a
            return a
        """,
    "operators": """
        x = not -+~a ** b @ c // d % e << f >> g & h ^ i | j < k <= l != m is not n not in o
        x += y; x -= y; x *= y; x @= y; x /= y; x //= y; x %= y; x **= y; x >>= y; x <<= y; x &= y; x ^= y; x |= y
        a.b += c; d[e()] += f(); a.b: int = 1; d[0]: str
        z = a if b else c if d else lambda: e if f else g
        s = t[1:2, ::3, ...], u[:], v[None:lambda: 1]
        i = 0xFF + 0o7 + 0b1 + 1_000.5e-3 + 2j; ...
        """,
    "imports": """
        from __future__ import annotations
        import a, b.c, d.e as f
        from . import g
        from .. import h as i, j
        from .k.l import (m, n as o,)
        from p import *
        def f():
            import a.b, c as a
            from a import b as c
        __all__ = ["a", *g.__all__]
        __all__ += ["b"]
        """,
    "flow": """
        def f(a):
            for x in a:
                if x: continue
                elif y := g(x): break
                else: pass
            else:
                while 1:
                    with h() as z, suppress(E):
                        raise E
                    if z: return z
                    assert x, f"{z}"
            return x, y
        while False: a()
        else: b()
        if 0: c()
        elif __name__ == "__main__": d()
        """,
    "odd_layout": "if 1:\n\tx = (\n1)\n\n\n\x0c\nclass A: pass; y = 1;\ndef f(): return 1; pass\n",
    "inconsistent_indents": "def f():\n  if g():\n  \th()\n  k()\n",
    "deep": "x = " + "(" * 60 + "1" + ")" * 60 + "\ny = " + "-" * 200 + "1\nz = " + " + ".join(["a"] * 400) + "\n",
    "empty": "",
}


UNREACHABLE: dict[str, str] = {
    "after_return": "def f():\n    runs()\n    return runs()\n    never()\n",
    "after_raise": "def f():\n    raise runs()\n    never()\n",
    "after_break_and_continue": """
        for x in runs():
            if x:
                runs()
                break
                never()
            continue
            never()
        """,
    "both_branches_leave": """
        def f(x):
            if x:
                return runs()
            else:
                raise runs()
            never()
        """,
    "endless_loop": "while True:\n    runs()\n    if runs(): continue\nnever()\n",
    "loop_with_break_ends": "while True:\n    if runs(): break\nelse:\n    never()\nruns()\n",
    "constant_conditions": """
        if False: never()
        elif 0: never()
        else: runs()
        if not True: never()
        if 1: runs()
        else: never()
        while False: never()
        while 0: never()
        else: runs()
        """,
    "type_checking": """
        import typing as t
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            x = never()
        else:
            runs()
        if t.TYPE_CHECKING: never()
        elif runs(): runs()
        if not TYPE_CHECKING: runs()
        else: never()
        """,
    "try_that_leaves": """
        def f():
            try:
                return runs()
            except E:
                raise runs()
            finally:
                runs()
            never()
        """,
    "finally_that_returns": "def f():\n    try:\n        runs()\n    finally:\n        return runs()\n    never()\n",
    "exhaustive_match": """
        def f(x):
            match runs(x):
                case 1: return runs()
                case _: return runs()
            never()
        """,
    "with_that_leaves": "def f():\n    with runs() as x:\n        return runs()\n    never()\n",
}
REACHABLE: dict[str, str] = {
    "with_that_may_suppress": "def f():\n    with suppress(E):\n        raise E\n    runs()\n",
    "match_without_default": "def f(x):\n    match x:\n        case 1: return\n    runs()\n",
    "guarded_default": "def f(x):\n    match x:\n        case _ if x: return\n    runs()\n",
    "try_with_handler_that_falls_through": "def f():\n    try: return\n    except E: pass\n    runs()\n",
    "loop_over_nothing": "def f(x):\n    for y in x: return\n    runs()\n",
    "while_with_condition": "def f(x):\n    while x: return\n    runs()\n",
}
