// Nothing but the link options of libmartlet.so hangs on this target (see Package.swift). On MartletC
// they would reach the tests as well, which link the same code with the Swift runtime left outside.
