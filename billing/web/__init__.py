"""HTML pages of the app: views, forms, addresses."""
