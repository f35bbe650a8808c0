"""Where slices are computed. ``local`` uses the threads of this process."""
