# What a load runs in beside a service of one's own, where no chart names an image for it: the image of the demo systems,
# which has the load generator in it, under a name of its own.
#
#     chaosproof images build load          (docker build --file docker/load.Dockerfile --tag chaosproof/load:0.2.0 .)

FROM chaosproof/demo:0.2.0
USER 10001:10001
