"""Asks Redis for values that are much longer than what is captured of a call, and prints a line a command: `asked` what it waited
for, `sent` what it sent with others or behind such ones, or what holds several values; `unknown` the replies to the last kind.

PORT: of the server on 127.0.0.1. The process is called asker. A value holds what replies and commands begin with, so that a
parser that takes the middle of one for a beginning tells what never was.
"""
import socket
import sys

LINES = [b"+OK\r\n", b":1\r\n", b"$3\r\nabc\r\n", b"-ERR unknown command 'x'\r\n", b"*1\r\n$4\r\nPING\r\n", b"$-1\r\n"]
SIZE = 200_000


def value(kind):
    """Bytes of a value: of one of the lines, or of all of them, or nothing that could be one."""
    unit = {"plain": b"v", "mixed": b"".join(LINES)}.get(kind) or LINES[int(kind)]
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Connection:
    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port))
        self.replies = self.stream.makefile("rb", 1 << 16)

    def ask(self, *commands, word="asked"):
        """All at once; waits for all replies."""
        for words in commands:
            print(word, *words[:2], flush=True)
            if word == "sent" and words[1].endswith(("small", "piped", "after")):
                print("unknown", "little" if words[0] == "GET" else words[1])
        self.stream.sendall(b"".join(command(*words) for words in commands))
        for _ in commands:
            self.reply()

    def reply(self):
        line = self.replies.readline()
        assert line[:1] not in (b"-", b""), line
        if line[:1] == b"$" and line != b"$-1\r\n":
            self.replies.read(int(line[1:]) + 2)
        if line[:1] == b"*":
            for _ in range(int(line[1:])):
                self.reply()


with open("/proc/thread-self/comm", "w") as comm:
    comm.write("asker")
kinds = ["plain", "mixed"] + [str(number) for number in range(len(LINES))]
for kind in kinds:
    one = Connection(int(sys.argv[1]))
    big = value(kind)
    one.ask(("SET", f"{kind}:1", big))
    one.ask(("SET", f"{kind}:2", big))
    one.ask(("MSET", f"{kind}:3", big, f"{kind}:4", big, f"{kind}:small", "little"), word="sent")
    print("unknown OK")
    one.ask(("SET", f"{kind}:5", big, "EX", 100))
    for key in range(1, 6):
        one.ask(("GET", f"{kind}:{key}"))
        one.ask(("GET", f"{kind}:small"))
    one.ask(("MGET", f"{kind}:1", f"{kind}:2", f"{kind}:small", f"{kind}:3"))
    one.ask(("GET", f"{kind}:small"))
    one.ask(("MGET", f"{kind}:small", f"{kind}:3", f"{kind}:1"))
    one.ask(("MGET", f"{kind}:1"))
    one.ask(("GET", f"{kind}:1"))
    one.ask(("RPUSH", f"{kind}:list", big, big, "x"), word="sent")
    print("unknown 3")
    one.ask(("LRANGE", f"{kind}:list", 0, -1))
    one.ask(("ECHO", f"{kind}:done"))
    two = Connection(int(sys.argv[1]))
    for _ in range(4):
        two.ask(*[("GET", f"{kind}:{key}") for key in (1, "small", 2, 3, "small", 4)], word="sent")
        two.ask(("GET", f"{kind}:small"), word="sent")
    two.ask(*[("MGET", f"{kind}:1", f"{kind}:2") for _ in range(4)], word="sent")
    two.ask(("ECHO", f"{kind}:piped"), word="sent")
    two.ask(("ECHO", f"{kind}:after"), word="sent")
last = Connection(int(sys.argv[1]))
last.ask(("ECHO", "the-end"))
