import threadpoolctl

# Small matrices on a machine that is busy with other things: a second thread only waits.
threadpoolctl.threadpool_limits(1)
