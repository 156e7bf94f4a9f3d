"""Every remedy that an error prints is followed, to the letter where it is code: afterwards there is no error."""
