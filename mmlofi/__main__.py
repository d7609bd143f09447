"""`python -m mmlofi train CONFIG …`, as `mmlofi train CONFIG …`."""
from mmlofi.command import main

if __name__ == '__main__':
    main()
