#!/bin/sh
# The first program of the machine that `cargo xtask kernels` boots: servers, agents, requests. What happened goes to the second serial
# port, in sections that begin with `== NAME`; what the kernel says goes to the first.
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs trace /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
stty -F /dev/ttyS1 raw
exec 3>/dev/ttyS1

section() { echo "== $*" >&3; }

# Hundredths of a second since the boot.
now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}"; }

# Until a file holds a text; not longer than a process lives, nor than five minutes: emulation is slow.
says() {
    tries=3000
    until grep -q "$3" "$2"; do
        tries=$((tries - 1))
        kill -0 "$1" 2>/dev/null && [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# Ends an agent, and waits until it has.
ends() {
    kill -INT "$1" 2>/dev/null
    wait "$1"
}

requests() {
    plain=http://127.0.0.1 secret=https://127.0.0.1 shop=https://127.0.0.1:8443
    curl -s "$plain/kept/[1-10]" $plain/small.txt $plain/missing
    curl -sZ "$plain/parallel/[1-8]"
    curl -s -d a=b $plain/post $plain/post/again
    curl -s --data-binary @/www/large.txt $plain/post/large
    curl -s $plain/large.txt
    curl -sI $plain/small.txt
    for version in 1.2 1.3; do
        curl -sk --tlsv$version --tls-max $version "$secret/tls$version/[1-5]" $secret/large.txt $secret/missing
        curl -sk --tlsv$version --tls-max $version -d a=b $secret/post
    done
    for version in 1.1 2; do
        curl -sk --http$version "$shop/http$version/[1-5]" $shop/missing
        curl -sk --http$version -d a=b $shop/post
    done
    nslookup -type=a one.test 127.0.0.1
    nslookup -type=aaaa two.test 127.0.0.1
}

# One way of capturing system calls: its name, options of the agent.
way() {
    name=$1
    shift
    : >/tmp/access
    : >/tmp/dns
    : >/tmp/agent
    began=$(now)
    weir agent --syscalls --tls "$@" --format jsonl >/tmp/sessions 2>/tmp/agent &
    agent=$!
    if says $agent /tmp/agent "capturing TLS"; then
        loaded=$(($(now) - began))
        # The second one may be refused.
        if says $agent /tmp/agent "attached to .*libssl" && says $agent /tmp/agent /bin/shop; then
            requests >/dev/null 2>&1
            sleep 2
        fi
    fi
    ends $agent
    section way "$name" "${loaded:-0}"
    for part in access dns sessions agent; do
        section $part
        cat /tmp/$part >&3
    done
}

section kernel "$(uname -r)"
nginx -c /etc/nginx.conf
shop >/dev/null 2>&1 &
: >/tmp/dns
dnsmasq --no-daemon --no-resolv --no-hosts --user=root --listen-address=127.0.0.1 \
    --address=/one.test/10.1.2.3 --address=/two.test/fd00::1 --log-queries --log-facility=/tmp/dns >/dev/null 2>&1 &
# First, as it leaves the compiled plugins behind: what the others take to begin is what the kernel takes.
weir agent -i lo --format jsonl >/tmp/sessions.packets 2>/tmp/agent.packets &
packets=$!
says $packets /tmp/agent.packets "capturing lo"
if [ -d /sys/kernel/tracing/events/sock/sock_send_length ]; then
    way sockets
    way sys_exit --at-calls
else
    way sys_exit
fi
ends $packets
section packets
cat /tmp/sessions.packets >&3
section agent
cat /tmp/agent.packets >&3
section end
poweroff -f
