# shellcheck shell=bash disable=SC2154 # tmp and work are lib.sh's
# SPDX-License-Identifier: GPL-2.0
#
# TPMs whose maker put certificates into them, for programs that have lib.sh: swtpm's
# own local CA is the maker.
#
#   maker NAME          a CA: $work/NAME, its certificates in $work/NAME/trusted
#   made_by MAKER TPM   a TPM of that maker; tpm_start TPM then finds it

maker()
{
	local folder=$work/$1

	[ ! -e "$folder" ] || return 0
	mkdir -p "$folder"
	cat > "$folder/ca.conf" <<-CONF
	statedir = $folder
	signingkey = $folder/signkey.pem
	issuercert = $folder/issuercert.pem
	certserial = $folder/certserial
	CONF
	printf '%s\n' "--platform-manufacturer tkm" "--platform-version 1" \
		"--platform-model test" > "$folder/ca.options"
	cat > "$folder/setup.conf" <<-CONF
	create_certs_tool = $(command -v swtpm_localca)
	create_certs_tool_config = $folder/ca.conf
	create_certs_tool_options = $folder/ca.options
	CONF
}

made_by()
{
	local folder=$work/$1 name=$2

	maker "$1"
	[ ! -e "$tpms/$name" ] || return 0
	mkdir -p "$tpms/$name"
	swtpm_setup --tpm2 --tpmstate "$tpms/$name" --runas root \
		--config "$folder/setup.conf" --create-ek-cert \
		> "$folder/$name.log" 2>&1 || fail "$(cat "$folder/$name.log")"
	[ -e "$folder/trusted" ] || {
		mkdir "$folder/trusted"
		cp "$folder/issuercert.pem" "$folder/swtpm-localca-rootca-cert.pem" \
			"$folder/trusted"
	}
}
