#!/bin/sh
# Leaves out of the installed libraries what no process reads: their own tests, type stubs, sources
# and headers of what is compiled, debug symbols. What stays is run by tests/containers/test_image.py.
set -eu
cd "$1"
find . -type d -name tests -prune -exec rm -rf {} +
rm -rf sqlalchemy/testing numpy/_core/_simd.*.so numpy/_core/*_tests.*.so
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.c' \
    -o -name '*.h' -o -name '*.f' -o -name '*.a' \) -delete
# Not those that a wheel brought along and has patched already: strip breaks their layout.
find . -name '*.so*' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
# Only scipy.stats is asked, and it imports none of these.
for part in cluster datasets differentiate fftpack io misc odr signal; do rm -rf "scipy/$part"; done
# scipy and numpy are imported when somebody asks for a survival curve; without their sources there
# is room for their bytecode, which makes that 2 s faster.
python -m compileall -q -b scipy numpy
find scipy numpy -name '*.py' -delete
