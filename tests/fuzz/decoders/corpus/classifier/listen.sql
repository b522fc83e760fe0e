listen channel
