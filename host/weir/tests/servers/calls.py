"""Both ends of a conversation in lines (PING word, PONG word), with every system call that carries bytes of a socket.

serve ADDRESS: answers. ask ADDRESS PORT: asks, and prints what it asked. datagrams: the same with DNS over UDP, both ends in one.
"""
import ctypes
import os
import select
import socket
import struct
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)


def call_me(name):
    """Threads of this thread inherit its name."""
    with open("/proc/thread-self/comm", "w") as comm:
        comm.write(name)


def pieces(data, count):
    """The data in so many pieces, some of them empty."""
    size = -(-len(data) // (count - 2))
    parts = [data[at:at + size] for at in range(0, len(data), size)]
    return [b""] + parts + [b""] * (count - 1 - len(parts))


def write_copy(s, data):
    copy = os.dup(s.fileno())
    length = os.write(copy, data)
    os.close(copy)
    return length


SEND = [
    lambda s, data: os.write(s.fileno(), data),
    lambda s, data: os.writev(s.fileno(), pieces(data, 20)),
    lambda s, data: s.send(data),
    lambda s, data: s.sendmsg(pieces(data, 20)),
    write_copy,
]


def readv(s):
    parts = [bytearray(1) for _ in range(10)] + [bytearray(0), bytearray(90)]
    length = os.readv(s.fileno(), parts)
    return b"".join(parts)[:length]


def recvmsg_into(s):
    parts = [bytearray(3) for _ in range(25)]
    length = s.recvmsg_into(parts)[0]
    return b"".join(parts)[:length]


def peek(s):
    seen = s.recv(100, socket.MSG_PEEK)
    got = s.recv(100)
    assert got.startswith(seen)
    return got


RECEIVE = [
    lambda s: os.read(s.fileno(), 100),
    readv,
    lambda s: s.recv(100),
    lambda s: s.recvmsg(100)[0],
    recvmsg_into,
    peek,
    lambda s: s.recv(1),
]


def send(s, way, line):
    assert SEND[way % len(SEND)](s, line) == len(line)


def receive(s, way):
    line = b""
    while not line.endswith(b"\n"):
        piece = RECEIVE[way % len(RECEIVE)](s)
        if not piece:
            return line
        line += piece
    return line


def answer(s, way):
    while True:
        line = receive(s, way)
        if not line:
            break
        way += 1
        send(s, way, line.replace(b"PING", b"PONG"))
    s.close()


def serve(address):
    call_me("callee")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family, dualstack_ipv6=address == "::")
    print("port", listener.getsockname()[1], flush=True)
    way = 0
    while True:
        s, _ = listener.accept()
        way += 1
        if way % 5 == 0:
            # A child inherits the socket; both have it for a while.
            if os.fork() == 0:
                listener.close()
                answer(s, way)
                os._exit(0)
            s.close()
        else:
            threading.Thread(target=answer, args=(s, way), daemon=True).start()


def say(word):
    print("asked", word, flush=True)
    return b"PING %s\n" % word.encode()


def converse(s, name, rounds):
    for way in range(rounds):
        word = f"{name}-{way}-{'x' * (way % 40)}"
        send(s, way, say(word))
        assert receive(s, way) == b"PONG %s\n" % word.encode()


def ask(address, port):
    call_me("caller")
    connect = lambda: socket.create_connection((address, port))
    # Each way to send with each way to receive, at both ends.
    for number in range(4):
        with connect() as s:
            converse(s, f"ways{number}", len(SEND) * len(RECEIVE))
    # A connect that is only begun.
    for number in range(5):
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        s.setblocking(False)
        s.connect_ex((address, port))
        select.select([], [s], [])
        s.setblocking(True)
        converse(s, f"begun{number}", 3)
        s.close()
    # Nothing more to ask, but the answer is still to come.
    for number in range(5):
        s = connect()
        s.sendall(say(f"half{number}"))
        s.shutdown(socket.SHUT_WR)
        assert receive(s, number) == b"PONG half%d\n" % number
        assert s.recv(10) == b""
        s.close()
    # A child goes on with what its parent began.
    for number in range(5):
        s = connect()
        converse(s, f"parent{number}", 2)
        child = os.fork()
        if child == 0:
            converse(s, f"child{number}", 5)
            os._exit(0)
        os.waitpid(child, 0)
        converse(s, f"again{number}", 2)
        s.close()
    # Several threads that write in turn, and one that reads, all at once.
    with connect() as s:
        lock = threading.Lock()

        def write(name):
            for number in range(100):
                with lock:
                    s.sendall(say(f"{name}{number}"))

        writers = [threading.Thread(target=write, args=(f"writer{n}-",)) for n in range(3)]
        for writer in writers:
            writer.start()
        lines = 0
        while lines < 300:
            lines += s.recv(1000).count(b"\n")
        for writer in writers:
            writer.join()
    # Many lines with one call: more buffers than a page has room for lines.
    with connect() as s:
        lines = [say(f"many{number}-{'y' * 40}") for number in range(60)]
        assert os.writev(s.fileno(), lines) == sum(map(len, lines))
        got = b""
        while got.count(b"\n") < 60:
            got += s.recv(1 << 16)
    with connect() as s:
        converse(s, "end", 0)
        s.sendall(say("end"))
        receive(s, 0)


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class Header(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)), ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int),
    ]


class Message(ctypes.Structure):
    _fields_ = [("header", Header), ("length", ctypes.c_uint32)]


def messages(parts, address):
    """A vector of messages, each in its pieces."""
    made = (Message * len(parts))()
    for message, part in zip(made, parts):
        vectors = (Vector * len(part))(*[Vector(piece, len(piece)) for piece in part])
        message.header.vectors = vectors
        message.header.count = len(part)
        if address is not None:
            message.header.name = ctypes.cast(address, ctypes.c_void_p).value
            message.header.name_length = len(address)
    return made


def sendmmsg(s, parts):
    made = messages(parts, None)
    assert libc.sendmmsg(s.fileno(), made, len(made), 0) == len(made)


def recvmmsg(s, count):
    buffers = [[ctypes.create_string_buffer(512)] for _ in range(count)]
    names = [ctypes.create_string_buffer(28) for _ in range(count)]
    made = (Message * count)()
    for message, buffer, name in zip(made, buffers, names):
        vector = (Vector * 1)(Vector(ctypes.cast(buffer[0], ctypes.c_char_p), 512))
        message.header.vectors = vector
        message.header.count = 1
        message.header.name = ctypes.cast(name, ctypes.c_void_p).value
        message.header.name_length = 28
    got = libc.recvmmsg(s.fileno(), made, count, 0x10000, None)
    assert got > 0
    return [bytes(buffers[n][0][:made[n].length]) for n in range(got)]


def question(number, word):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in word.split("."))
    print("asked", word, flush=True)
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def reply(query):
    return query[:2] + b"\x81\x80" + query[4:]


def datagrams():
    call_me("callee")
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 5300))

    def serve():
        way = 0
        while True:
            way += 1
            if way % 2 == 0:
                data, _, _, peer = server.recvmsg(512)
                server.sendmsg(pieces(reply(data), 20), [], 0, peer)
            else:
                data, peer = server.recvfrom(512)
                server.sendto(reply(data), peer)

    threading.Thread(target=serve, daemon=True).start()
    call_me("caller")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", 5300))
    number = 0

    def word(name):
        nonlocal number
        number += 1
        return question(number, f"{name}{number}.test")

    ways = [
        lambda data: client.send(data),
        lambda data: os.write(client.fileno(), data),
        lambda data: os.writev(client.fileno(), pieces(data, 20)),
        lambda data: client.sendmsg(pieces(data, 20)),
        lambda data: sendmmsg(client, [pieces(data, 5)]),
    ]
    receive = [
        lambda: client.recv(512),
        lambda: os.read(client.fileno(), 512),
        lambda: readv(client),
        lambda: client.recvmsg(512)[0],
        lambda: recvmmsg(client, 1)[0],
        lambda: peek(client),
    ]
    for way in ways:
        for back in receive:
            query = word("one")
            way(query)
            assert back() == reply(query)
    # As many as are looked at.
    for count in [2, 8]:
        queries = [word("batch") for _ in range(count)]
        sendmmsg(client, [[query] for query in queries])
        got = []
        while len(got) < count:
            got += recvmmsg(client, count)
        assert sorted(got) == sorted(map(reply, queries))
    client.send(question(9999, "end.test"))
    client.recv(512)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
elif sys.argv[1] == "ask":
    ask(sys.argv[2], int(sys.argv[3]))
else:
    datagrams()
