"""OpenAI's endpoints of pictures, sound and film; what they send is real, only very small."""
