"""What runs inside a pod for a job: a few lines of shell around the program, and a few of Python that send its files.

Text, not modules: the pod's image may be of another version of this project, or, for the shell, of none.
"""

__all__ = ["END", "KEEP", "SEND", "WRAP"]

# Runs "$@" with its files in $1, and says there how it ended, whole or not at all. SIGTERM goes on to the program.
WRAP = """
dir=$1; shift; mkdir -p "$dir" && cd "$dir" || exit 1
"$@" >.log 2>&1 & pid=$!
trap 'kill -TERM $pid 2>/dev/null' TERM INT
echo $pid >.pid
wait $pid; code=$?
while kill -0 $pid 2>/dev/null; do wait $pid; code=$?; done
echo $code >.exit.new; mv .exit.new .exit
"""

# After it, in a pod of its own: stay, so that the files can be fetched, but not for ever.
KEEP = """
trap 'exit 0' TERM INT
sleep 300 & wait
"""

END = "end"

# Sends every file below argv[1] as it grows: a line of JSON {file, at, bytes}, then as many bytes. argv[2] says what
# is known already: {file: [inode, bytes]}. At the end of the program a last line: {end: exit code, files: {file:
# [bytes, sha256]}, said}.
SEND = """
import hashlib, json, os, sys, time
root, known, out = sys.argv[1], json.loads(sys.argv[2]), sys.stdout.buffer

def files():
    for folder, folders, names in os.walk(root):
        for name in names:
            if not name.startswith("."):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, root), path

def send(head, data=b""):
    out.write(json.dumps(head).encode() + b"\\n" + data)
    out.flush()

def read(name, start=None):
    try:
        with open(os.path.join(root, name), "rb") as file:
            return file.read()[start:]
    except OSError:
        return b""

while True:
    code = read(".exit")
    for name, path in files():
        try:
            with open(path, "rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                before, sent = known.get(name, (0, 0))
                if inode != before or os.fstat(file.fileno()).st_size < sent:
                    sent = 0
                    send({"file": name, "at": 0, "bytes": 0, "inode": inode})
                file.seek(sent)
                while data := file.read(1 << 18):
                    send({"file": name, "at": sent, "bytes": len(data), "inode": inode}, data)
                    sent += len(data)
                known[name] = (inode, sent)
        except FileNotFoundError:
            pass
    if code:
        whole = {name: [os.path.getsize(path), hashlib.sha256(read(name)).hexdigest()] for name, path in files()}
        send({"end": int(code), "files": whole, "said": read(".log", -2000).decode("utf-8", "replace")})
        break
    time.sleep(0.1)
"""
