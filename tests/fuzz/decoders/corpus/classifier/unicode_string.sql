select U&'d\0061t\+000061' uescape '!'
