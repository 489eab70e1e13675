# The sidecar: what changes a pod's network, and a Python for the connections that prove it. No code of ours is in it:
# what it is to do comes with the call.
#
#     chaosproof images build chaos         (docker build --file docker/chaos.Dockerfile --tag chaosproof/chaos:0.2.0 .)

FROM docker.io/library/debian:12.12-slim AS packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends iproute2 iptables nftables procps python3 stress-ng \
    && ln -s /usr/bin/python3 /usr/local/bin/python \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* /usr/share/doc /usr/share/man

# One layer, and nothing of how it came about.
FROM scratch
COPY --from=packages / /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# In a pod the chart says so once more: the kernel gives NET_ADMIN to no other user of a container.
USER 0:0
