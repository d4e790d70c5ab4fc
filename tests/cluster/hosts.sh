# Three machines on this one, sourced by the tests of this folder: network namespaces on a bridge
# (which has a namespace of its own), each with its own host name, hosts file and /dev/shm. Needs
# root and iproute2.
#   hosts_start; "$work/on" h2 CMD...; hosts_mpirun ...; hosts_cut h3; hosts_stop
# shellcheck shell=bash

hosts_prefix=t$$
hosts_net=10.87.$(($$ % 250 + 1))

hosts_missing() { # prints why there can be none; fails when there can
  [ "$(id -u)" = 0 ] || { echo "network namespaces need root"; return; }
  command -v ip >/dev/null || { echo "no ip: .ci/packages cluster installs it"; return; }
  local try=${hosts_prefix}try refused=
  ip netns add "$try" 2>/dev/null || { echo "no right to make network namespaces"; return; }
  { ip -n "$try" link add bridge type bridge && ip -n "$try" link add eth0 type veth peer name v &&
    ip netns exec "$try" unshare --uts --mount --propagation private bash -c \
      'hostname h && mount --bind /etc/hosts /etc/hosts && mount -t tmpfs tmpfs /dev/shm'; } >/dev/null 2>&1 ||
    refused="no right to make bridges, or to mount in a namespace"
  ip netns del "$try"
  [ -n "$refused" ] && echo "$refused"
}

hosts_start() {
  local i host switch=${hosts_prefix}s
  { echo "127.0.0.1 localhost"; for i in 1 2 3; do echo "$hosts_net.$i h$i"; done; } >"$work/hosts"
  ip netns add "$switch"
  ip -n "$switch" link add bridge type bridge
  ip -n "$switch" link set bridge up
  for i in 1 2 3; do
    host=$hosts_prefix$i
    ip netns add "$host"
    ip -n "$host" link add eth0 type veth peer name "v$i" netns "$switch"
    ip -n "$switch" link set "v$i" master bridge up
    ip -n "$host" addr add "$hosts_net.$i/24" dev eth0
    ip -n "$host" link set lo up
    ip -n "$host" link set eth0 up
    # One sleeping process a host keeps its names and mounts.
    setsid ip netns exec "$host" unshare --uts --mount --propagation private bash -c '
      hostname "$1" && mount --bind "$2/hosts" /etc/hosts && mount -t tmpfs tmpfs /dev/shm &&
        echo $$ >"$2/$1.part" && mv "$2/$1.part" "$2/$1.process" && exec sleep 3600' \
      _ "h$i" "$work" </dev/null >"$work/h$i.log" 2>&1 &
    disown
  done
  cat >"$work/on" <<EOF
#!/bin/bash
# on HOST CMD...: there, in the same folder
process=\$(cat "$work/\$1.process") || exit 255
shift
exec nsenter -t "\$process" -n -u -m --wd="\$PWD" -- "\$@"
EOF
  cat >"$work/agent" <<EOF
#!/bin/bash
# What mpirun starts its daemons with, in place of ssh: agent HOST COMMAND
while [ "\${1#-}" != "\$1" ]; do shift; done
host=\$1
shift
exec "$work/on" "\$host" /bin/sh -c "\$*"
EOF
  chmod +x "$work/on" "$work/agent"
  for i in 1 2 3; do
    wait_for "[ -s $work/h$i.process ]" || { cat "$work/h$i.log"; return 1; }
  done
}

# mpirun's options for these machines, in one word: h1:1,h2:1 (each with its slots).
hosts_options() {
  echo "--host $1 --map-by node --mca plm rsh --mca plm_rsh_agent $work/agent --mca ras ^slurm" \
    "--mca btl self,vader,tcp --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 --mca pml ob1" \
    "--mca mpi_yield_when_idle 1"
}

hosts_cut() { # the machine vanishes: no packet gets through any more
  ip -n "$hosts_prefix${1#h}" link set eth0 down
}
hosts_mend() {
  ip -n "$hosts_prefix${1#h}" link set eth0 up
}
# What runs on a machine, but the process that keeps it.
hosts_processes() {
  ip netns pids "$hosts_prefix${1#h}" | grep -v "^$(cat "$work/$1.process")\$"
}

hosts_stop() {
  local name
  for name in 1 2 3 s; do
    ip netns pids "$hosts_prefix$name" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
    ip netns del "$hosts_prefix$name" 2>/dev/null
  done
}
