"""What every test may use. Servers, browser and stack are plugins beside this file."""
