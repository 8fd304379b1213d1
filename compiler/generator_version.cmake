# Run as a script at build time: digests FILES (relative to ROOT, sorted) by name and content, and writes OUTPUT from
# TEMPLATE. The same sources give the same digest in any folder.
set(text "")
foreach(file ${FILES})
  file(SHA256 ${ROOT}/${file} digest)
  string(APPEND text "${file} ${digest}\n")
endforeach()
string(SHA256 GEMS_GENERATOR_VERSION "${text}")
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
